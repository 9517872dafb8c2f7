/** Handles the signals that ask the program to stop. */

/** Signals that a terminal, a scheduler and a closed window send to stop a program. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm forwards a Ctrl-C that the program has already received; two signals this close (ms) count as one. */
const ECHO_MS = 250;

/** Calls `stop` with the number of requests to stop so far, from 1 on. Returns a function that removes the handlers. */
export function onInterrupt(stop: (times: number) => void): () => void {
  let times = 0;
  let last = Number.NEGATIVE_INFINITY;
  const listen = () => {
    const now = performance.now();
    if (now - last < ECHO_MS) return;
    last = now;
    stop(++times);
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}
