// Shares a shift's picture and text by the phone's own share sheet. The picture is drawn here, from the server's SVG.

const SIDE = 1080; // pixels, as chats show pictures

for (const button of document.querySelectorAll("[data-share]")) {
  // Browsers share only right after a tap, so the picture is made before it.
  const file = await drawn(button.dataset.share).catch(() => null);
  if (!file || !navigator.canShare?.({ files: [file] })) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.shareText).value;
    await navigator.share({ files: [file], text }).catch(() => {}); // cancelled
  });
}

async function drawn(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(String(answer.status));
  const picture = new Image();
  // A data: address, since Safari takes a canvas with an SVG from a blob: address for tainted.
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d").drawImage(picture, 0, 0, SIDE, SIDE);
  const png = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new File([png], "pass.png", { type: "image/png" });
}
