// The shift's picture into the group chat. It is drawn on the phone, and goes where the phone's own sharing takes it.

const SIDE = 1080; // pixels, as chats show pictures

for (const button of document.querySelectorAll("[data-share]")) {
  // Sharing needs a tap that is still fresh, so the picture is ready before it.
  const file = await drawn(button.dataset.share).catch(() => null);
  if (!file || !navigator.canShare?.({ files: [file] })) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.shareText).value;
    await navigator.share({ files: [file], text }).catch(() => {}); // whoever changes their mind has done nothing wrong
  });
}

async function drawn(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(String(answer.status));
  const picture = new Image();
  // A data address: Safari calls a canvas tainted when the picture came by a blob's.
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d").drawImage(picture, 0, 0, SIDE, SIDE);
  const png = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new File([png], "pass.png", { type: "image/png" });
}
