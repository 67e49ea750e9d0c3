// The sum of a target's parts while they are typed. The page comes with the same sentence from the server.

const isEnglish = document.documentElement.lang === "en";
const numbers = new Intl.NumberFormat(isEnglish ? "en-GB" : "sv-SE");
const number = (value) => numbers.format(value).replace(/\s/g, "\u202f");

// What a field adds to the sum: the number typed, or the one agreed before when the field is empty, since an empty
// field leaves it as it was.
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
  // A ticked part keeps the number typed in the next proposal, though it is not saved yet.
  const box = field.closest("tr").querySelector('[name="keep"]');
  if (box) box.value = `${box.value.split(":")[0]}:${worth(field)}`;
});

// In a page from the back-forward cache the browser has filled in the fields.
addEventListener("pageshow", tell);
