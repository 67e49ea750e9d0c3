// Swedish days on any phone: the product is for Swedish organisations, and the server counts by their days.

export const ZONE = "Europe/Stockholm";

const format = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, dateStyle: "short", timeStyle: "medium" });

// The Swedish calendar day of a time, as 2026-05-01.
export const dayOf = (time) => format.format(new Date(time)).slice(0, 10);

// When the Swedish day of a time began (ms), or one `days` after it. A day may have 23 or 25 hours.
export function midnight(time, days = 0) {
  const day = new Date(Date.parse(`${dayOf(time)}T00:00Z`));
  const wanted = day.setUTCDate(day.getUTCDate() + days);
  return wanted - ahead(wanted - ahead(wanted));
}

// How far (ms) clocks in Sweden are ahead of UTC at a time.
const ahead = (time) => Date.parse(`${format.format(new Date(time)).replace(" ", "T")}Z`) - time;
