// The sum of a target's parts while they are typed. The server says the same when the page comes.

const isEnglish = document.documentElement.lang === "en";
const numbers = new Intl.NumberFormat(isEnglish ? "en-GB" : "sv-SE");
const number = (value) => numbers.format(value).replace(/\s/g, "\u202f");

// What a field adds: what is typed, and where that is nothing the number agreed before, since an empty field takes
// nothing back.
function worth(field) {
  const typed = field.value.replace(/\s/g, "");
  return typed === "" ? Number(field.dataset.part) : /^\d{1,8}$/.test(typed) ? Number(typed) : 0;
}

function tell() {
  const line = document.getElementById("sum");
  if (!line) return;
  const fields = [...document.querySelectorAll("[data-part]")];
  const sum = fields.reduce((total, field) => total + worth(field), Number(line.dataset.others));
  const hasTarget = "target" in line.dataset;
  const left = Number(line.dataset.target ?? 0) - sum;
  const look = !hasTarget ? "alone" : left > 0 ? "short" : left < 0 ? "over" : "exact";
  const values = { sum, target: Number(line.dataset.target), left: Math.abs(left) };
  line.textContent = line.dataset[look].replace(/\{(\w+)\}/g, (_whole, name) => number(values[name]));
  line.className = `allocation-sum allocation-${look}`;
}

document.addEventListener("input", ({ target: field }) => {
  if (!field.matches("[data-part]")) return;
  tell();
  // A number typed and ticked is kept by the next proposal, though it is not saved yet.
  const box = field.closest("tr").querySelector('[name="keep"]');
  if (box) box.value = `${box.value.split(":")[0]}:${worth(field)}`;
});

// A page brought back from memory has its fields filled in by the browser.
addEventListener("pageshow", tell);
