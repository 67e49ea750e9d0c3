// The phone's database. What write() wrote is on the phone's disk (durability 'strict') when it resolves.

const NAME = "canvass";
const OPEN_PATIENCE = 10_000; // ms; some versions of iOS never answer an open request at all

// One step per version of the database. A released step is never edited: phones have run it.
const STEPS = [
  (db) => {
    const operations = db.createObjectStore("operations", { keyPath: "op" });
    operations.createIndex("queue", ["state", "install", "author", "seq", "op"]);
    operations.createIndex("settled", "settled"); // the server's time; only on what it has settled for good
    operations.createIndex("seq", ["install", "seq"]);
    const attempts = db.createObjectStore("attempts", { keyPath: "id" });
    attempts.createIndex("day", ["author", "at"]);
    attempts.createIndex("at", "at");
    db.createObjectStore("facts");
    db.createObjectStore("outlines"); // not among the facts: it is large, and those are read at every start
  },
];

// quota: the phone is full; newer: another tab runs a later version, reload; blocked: another tab holds an earlier
// one, close it; unavailable: no database at all (some private modes); failed: anything else. Nothing was saved.
const CODES = {
  QuotaExceededError: "quota",
  VersionError: "newer",
  SecurityError: "unavailable",
  NotAllowedError: "unavailable",
};
// The errors of a connection that the browser has closed by itself.
const LOST = new Set(["InvalidStateError", "UnknownError", "AbortError"]);

export class Failure extends Error {
  constructor(code, cause) {
    super(code, { cause });
    this.name = "Failure";
    this.code = code;
  }
}

export const ask = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

// Walks a cursor without holding all of its records.
export async function* each(request) {
  for (let cursor = await ask(request); cursor; cursor = await ask(request)) {
    yield cursor;
    cursor.continue();
  }
}

export class Database {
  #connection = null;

  read(stores, work) {
    return this.#run(stores, "readonly", work);
  }

  // `work` gets the stores and may only await requests on them. It may run twice: a lost connection is opened once
  // more, and the first run may have been committed all the same.
  write(stores, work) {
    return this.#run(stores, "readwrite", work);
  }

  async #run(stores, mode, work) {
    for (let again = false; ; again = true) {
      let db = null;
      try {
        db = await this.#open();
        return await transact(db, stores, mode, work);
      } catch (error) {
        if (error instanceof Failure) throw error;
        if (again || !LOST.has(error?.name)) throw new Failure(CODES[error?.name] ?? "failed", error);
        db?.close();
        this.#connection = null;
      }
    }
  }

  #open() {
    const forget = () => {
      this.#connection = null;
    };
    this.#connection ??= connect(forget).catch((error) => {
      forget();
      throw error;
    });
    return this.#connection;
  }
}

function connect(forget) {
  let patience;
  return new Promise((resolve, reject) => {
    let isLate = false;
    const refuse = (code, cause) => {
      isLate = true;
      reject(new Failure(code, cause));
    };
    patience = setTimeout(refuse, OPEN_PATIENCE, "unavailable");
    let request;
    try {
      request = indexedDB.open(NAME, STEPS.length);
    } catch (error) {
      refuse("unavailable", error);
      return;
    }
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const step of STEPS.slice(oldVersion)) step(request.result, request.transaction);
    };
    request.onblocked = () => refuse("blocked");
    request.onerror = () => refuse(CODES[request.error?.name] ?? "unavailable", request.error);
    request.onsuccess = () => {
      const db = request.result;
      db.onclose = forget;
      // Close for a tab that brings a later version; from then on every call here fails with "newer".
      db.onversionchange = () => {
        db.close();
        forget();
      };
      if (isLate) db.close();
      else resolve(db);
    };
  }).finally(() => clearTimeout(patience));
}

function transact(db, names, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(names, mode, { durability: "strict" });
    let value;
    let thrown;
    transaction.oncomplete = () => resolve(value);
    transaction.onabort = () => reject(transaction.error ?? thrown ?? new DOMException("", "AbortError"));
    work(...names.map((name) => transaction.objectStore(name))).then(
      (result) => {
        value = result;
      },
      (error) => {
        thrown = error;
        try {
          transaction.abort();
        } catch {
          // A failed request has aborted it already.
        }
      },
    );
  });
}
