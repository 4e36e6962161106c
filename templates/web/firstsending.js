// What the schedule in a form would send first, and when: asked anew whenever its timing changes.

import { address, call } from "./client.js";
import { kindOf, moment, periodTitle } from "./format.js";

// `timing()` is what the form says now; `told` hears the period and the moment, or null where there is none to tell.
export function watchFirstSending(controls, timing, told) {
  let asked = new AbortController();
  const ask = async () => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    told(null);
    if (!timing().at) return; // a time that is being typed
    const next = await call(address("v1/next-occurrence", timing()), { signal }).catch(() => null); // saving says what is wrong
    if (next && !signal.aborted) told({ period: periodTitle(kindOf(next.period), next.from, next.to), when: moment(next.due_at) });
  };
  for (const control of controls) control.addEventListener("change", ask);
  ask();
}
