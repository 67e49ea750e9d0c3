"""What the demo is made of: invented people and numbers in real places."""

from __future__ import annotations

from datetime import timedelta

CONVERSATIONS, TARGET = 3412, 5000
EARLIER_CONVERSATIONS, EARLIER_TARGET = 1264, 1200

# Each association with its target and its volunteers.
ASSOCIATIONS = [
    ("Hageby-Navestads s-förening", 1100, "Amina Lennart Sofia Dragan Ulla Karim"),
    ("Ektorps s-förening", 950, "Kerstin Ali Johanna Stig Mirela"),
    ("Innerstadens s-förening", 1100, "Elin Hassan Margareta Viktor Noor Åke Saga"),
    ("Haga-Marielunds s-förening", 900, "Gunnar Fatima Ida Bengt Lejla"),
    ("Lindö s-förening", 450, "Anders Petra Örjan"),
    ("Smedby s-förening", 500, "Camilla Idris Rolf"),
]

# The first digit of an area's code is its association's place above.
AREAS = [
    ("101", "Hageby", "flats", 2950),
    ("102", "Navestad", "flats", 1640),
    ("103", "Ljura", "flats", 1380),
    ("201", "Ektorp", "mixed", 1720),
    ("202", "Vilbergen", "flats", 1850),
    ("203", "Klockaretorpet", "mixed", 1560),
    ("301", "Nordantill", "flats", 3210),
    ("302", "Östantill", "flats", 3480),
    ("303", "Kneippen", "villa", 1090),
    ("401", "Haga", "villa", 980),
    ("402", "Marielund", "flats", 1430),
    ("403", "Oxelbergen", "terraced", 1120),
    ("501", "Lindö", "villa", 1870),
    ("601", "Smedby", "terraced", 1310),
]

# Corners in ten-thousandths of a degree east of 16° and north of 58°, drawn by hand roughly where the places are.
OUTLINES = {
    "101": "1971,5567 2164,5655 2191,5666 2086,5748 2043,5740 1900,5700 1890,5698 1892,5618 1899,5588",
    "102": "1971,5567 1976,5543 2068,5517 2244,5504 2304,5526 2312,5565 2309,5575 2298,5609 2164,5655",
    "103": "2043,5740 2100,5801 2049,5823 1962,5835 1848,5809 1799,5762 1887,5699 1900,5700",
    "201": "1428,5792 1425,5712 1549,5696 1625,5714 1688,5747 1732,5787 1691,5811 1528,5829 1443,5825",
    "202": "1887,5699 1799,5762 1688,5747 1625,5714 1602,5692 1706,5624 1892,5618 1890,5698",
    "203": "1308,5803 1125,5754 1089,5711 1139,5679 1271,5646 1436,5682 1425,5712 1428,5792",
    "301": "1692,5934 1725,5920 1768,5893 1879,5904 1949,5931 1956,5999 1927,6006 1748,6056 1693,6024 1657,5957",
    "302": "2049,5823 2095,5812 2211,5853 2224,5893 2128,5989 1997,5962 1949,5931 1879,5904 1882,5864 1962,5835",
    "303": "1725,5920 1692,5934 1590,5930 1514,5921 1470,5902 1528,5829 1691,5811 1760,5849",
    "401": "1653,6043 1479,6070 1393,6016 1393,5975 1484,5917 1514,5921 1590,5930 1657,5957 1693,6024",
    "402": "1927,6006 1999,6037 2057,6096 1966,6153 1789,6147 1732,6074 1748,6056",
    "403": "1653,6043 1732,6074 1789,6147 1792,6178 1642,6194 1503,6160 1447,6084 1479,6070",
    "501": "2853,6016 2648,6101 2491,6102 2401,6064 2333,5995 2346,5925 2643,5861 2754,5875 2874,5941",
    "601": "2328,5518 2450,5502 2584,5515 2674,5566 2607,5665 2469,5718 2274,5664 2293,5636 2309,5575 2312,5565",
}

# Evenings reported on paper: association (its index above), channel, area, how many of each outcome, and topics raised.
# They are part of CONVERSATIONS.
ON_PAPER = [
    (1, "door", "202", {"talked": 23, "not_home": 71, "refused": 19, "inaccessible": 8}, {"Vården": 9, "Skolan": 6}),
    (4, "stall", "501", {"talked": 31, "refused": 22}, {"Tryggheten": 12, "Plånboken": 8, "Vården": 5}),
]

# What was reached last year, in the order of the associations, with the targets; and the year before, all together.
LAST_YEAR = [(655, 600), (520, 550), (702, 700), (488, 500), (231, 250), (278, 300)]
YEAR_BEFORE = (1905, 2000)

# Outings: channel, weekdays, hours, probability on such a day, and weight when conversations are divided.
HABITS = [
    ("door", (0, 2), (17, 18, 19), 0.6, 20),
    ("door", (5, 6), (11, 12, 13, 14), 0.75, 34),
    ("phone", (1, 3), (17, 18, 19), 0.65, 17),
    ("stall", (5,), (10, 11, 12, 13), 0.4, 26),
    ("stall", (4,), (15, 16, 17), 0.1, 16),
    ("digital", (2, 6), (19, 20), 0.25, 6),
    ("workplace", (1, 2, 3), (6, 7, 15), 0.12, 8),
]

# Contact rates (conversations ÷ attempts): at doors by housing, elsewhere by channel.
AT_DOORS = {"villa": 0.27, "terraced": 0.25, "mixed": 0.22, "flats": 0.18}
ELSEWHERE = {"phone": 0.19, "stall": 0.55, "digital": 0.32, "workplace": 0.6}

# Relative frequency of each outcome other than a conversation, in the order of the channel's buttons.
OTHERWISE = {
    "door": (62, 20, 10, 8),
    "phone": (64, 17, 8, 11),
    "stall": (1,),
    "digital": (75, 25),
    "workplace": (80, 20),
}

TOPICS = {
    "Vården": 24, "Skolan": 20, "Tryggheten": 18, "Plånboken": 15, "Jobben": 12, "Äldreomsorgen": 11, "Bostäder": 7,
}  # fmt: skip

# Outings since then were planned shifts.
SHIFTS_SINCE = timedelta(days=16)

# What is planned next: days from today, channel, from and to, the association's place above, where to meet, and how
# many people are wanted.
COMING = [
    (1, "phone", 17, 19, 2, "Expeditionen, Drottninggatan 2", 4),
    (2, "door", 17, 20, 0, "Hageby centrum, vid apoteket", 6),
    (3, "door", 11, 14, 1, "", 4),
    (4, "stall", 10, 13, 2, "Tyska torget", 5),
    (4, "door", 11, 14, 3, "Haga skola", 8),
    (9, "door", 17, 20, 0, "Hageby centrum, vid apoteket", 6),
]

SCRIPT = """Hej! Jag heter … och kommer från Socialdemokraterna i Norrköping. Vi är ute och lyssnar i några veckor.

1. Vad är viktigast för dig just nu, här där du bor?
2. Vad borde vi göra åt det?
3. Är det något du vill skicka med oss?

Tacka för samtalet. Lova inget du inte kan hålla, och lämna gärna lappen om kommande möten."""
