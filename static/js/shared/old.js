// Tells whoever has a browser that is too old for Canvass. Not a module, and in a JavaScript that such browsers can read.
(function () {
  var isNewEnough = "noModule" in HTMLScriptElement.prototype && window.HTMLDialogElement && [].at && window.CSSLayerBlockRule;
  if (!isNewEnough) document.getElementById("old").hidden = false;
})();
