// Is the page open inside an app, such as Instagram? Those browsers have a storage of their own, which may be emptied,
// and save no files.

const APPS = {
  Messenger: /MessengerForiOS|Orca-Android|MessengerLite/,
  Instagram: /Instagram/,
  Facebook: /FBAN|FBAV|FB_IAB/,
  Snapchat: /Snapchat/,
  TikTok: /musical_ly|TikTok|BytedanceWebview/,
  Telegram: /Telegram/,
  LinkedIn: /LinkedInApp/,
};

const agent = navigator.userAgent;

export const isHomeScreenApp = navigator.standalone === true; // of an iPhone: neither Safari nor inside another app

// The app's name, "" when it is none that is known, null outside of any. Webviews say "; wv" on Android, and on iPhones
// they do not say Safari.
export const inside = () => {
  const named = Object.keys(APPS).find((app) => APPS[app].test(agent));
  if (named) return named;
  const isOnPhone = /iPhone|iPad/.test(agent) && !/Safari\//.test(agent) && !isHomeScreenApp;
  return /; wv\)/.test(agent) || isOnPhone ? "" : null;
};

// Shows the page's notice about it, with its button that copies the address.
export function tellInside() {
  const notice = document.getElementById("inside");
  const app = inside();
  if (!notice || app === null) return;
  const field = notice.querySelector("input");
  const button = notice.querySelector("button");
  if (app) notice.querySelector("strong").textContent = notice.dataset.app.replace("{app}", app);
  field.value = location.href;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // what these browsers have
    }
    button.textContent = button.dataset.copied;
  });
  notice.hidden = false;
}
