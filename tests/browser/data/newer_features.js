// Takes away what the oldest supported browsers lack: Safari 16, Chrome 110, Firefox 115 or Samsung Internet 21. What is
// missing in one of them is missing here. README.md has the list, and test_older_browsers.py runs this.
for (const [owner, names] of [
  [AbortSignal, ["any"]], // Safari 17.4
  [Array, ["fromAsync"]],
  [Map, ["groupBy"]],
  [Object, ["groupBy"]],
  [Promise, ["try", "withResolvers"]],
  [URL, ["canParse", "parse"]],
  [Response, ["json"]],
  [RegExp, ["escape"]],
  [Uint8Array.prototype, ["toBase64", "toHex"]],
  [ArrayBuffer.prototype, ["transfer"]],
  [String.prototype, ["isWellFormed", "toWellFormed"]],
  [Set.prototype, ["union", "intersection", "difference", "isSubsetOf", "isSupersetOf", "isDisjointFrom"]],
  [Array.prototype, ["toSorted", "toReversed", "toSpliced", "with"]],
  [ReadableStream.prototype, ["values", Symbol.asyncIterator]],
  [IDBFactory.prototype, ["databases"]],
  [Element.prototype, ["checkVisibility", "moveBefore", "setHTMLUnsafe", "getHTML"]],
  // Firefox 119: before it a write to these is lost without an error.
  [Element.prototype, Object.getOwnPropertyNames(Element.prototype).filter((name) => name.startsWith("aria"))],
  [Document, ["parseHTMLUnsafe"]],
  [Document.prototype, ["startViewTransition"]],
  [HTMLElement.prototype, ["showPopover", "hidePopover", "togglePopover", "popover"]],
  [HTMLDialogElement.prototype, ["requestClose", "closedBy"]],
  [Navigator.prototype, ["userActivation", "userAgentData", "wakeLock", "vibrate", "setAppBadge"]],
  [window, ["requestIdleCallback", "scheduler", "navigation", "trustedTypes", "Highlight", "CompressionStream", "Iterator"]],
]) {
  for (const name of names) delete owner[name];
}
