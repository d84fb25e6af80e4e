// Runs the ways in the page, and measures: what a call takes, and which files were loaded.

const WARM = 2000; // milliseconds of calls before any is timed: V8 compiles what is hot, once and again
const SPAN = 20; // milliseconds that a timing lasts at least, since the page's clock ticks in tenths

const calls = {};
const cannot = [];
let states = [];

// The values of the controls: numbers, and Float64Arrays for lists.
const controls = state => state.map(x => (Array.isArray(x) ? Float64Array.from(x) : x));

async function load(folders, given) {
  states = given.map(controls);
  for (const [name, folder] of Object.entries(folders)) {
    const way = await (await import(`/${folder}/way.js`)).make();
    Object.assign(calls, { [name]: way.call }, way.others);
    cannot.push(...(way.cannot ?? []));
  }
  return { names: Object.keys(calls), cannot };
}

// Calls a way so many times, with another state each time, and waits for what it leaves to be done: jax-js
// makes an instance of WebAssembly for each kernel that it runs, and now and then the browser takes a second
// to free them, up to two turns of the event loop later. The next to be timed must not pay for that.
async function repeat(name, count) {
  const call = calls[name];
  for (let k = 0; k < count; k++) {
    const result = call(states[k % states.length]);
    if (typeof result.then === "function") await result;
  }
  await turn();
  await turn();
}

// The next turn of the event loop, at once: a timer would wait for milliseconds.
const turn = () =>
  new Promise(done => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      done();
    };
    channel.port2.postMessage(null);
  });

async function results(name) {
  const all = [];
  for (const state of states) all.push((await calls[name](state)).map(array => Array.from(array)));
  return all;
}

// Milliseconds of a call of each way, in each round.
async function times(rounds) {
  const counts = {};
  for (const name of Object.keys(calls)) counts[name] = await warm(name);
  const found = Object.fromEntries(Object.keys(calls).map(name => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, count] of Object.entries(counts)) {
      const start = performance.now();
      await repeat(name, count);
      found[name].push((performance.now() - start) / count);
    }
  }
  return found;
}

// Calls until warm; then how many calls a timing needs.
async function warm(name) {
  let count = 1;
  const end = performance.now() + WARM;
  for (;;) {
    const start = performance.now();
    await repeat(name, count);
    const now = performance.now();
    if (now > end && now - start > SPAN) return Math.ceil((count * SPAN) / (now - start));
    if (now - start < SPAN) count *= 2;
  }
}

// The paths of all that was loaded for a way.
const loaded = folder =>
  performance
    .getEntriesByType("resource")
    .map(entry => new URL(entry.name).pathname.slice(1))
    .filter(path => path.startsWith(`${folder}/`));

globalThis.pages = { load, repeat, results, times, loaded };
