"""Allocations: a target broken down the tree, from the top to the areas, with proposals that each level may adjust."""
