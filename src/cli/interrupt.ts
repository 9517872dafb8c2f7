/** Ctrl-C and its relatives. */

/** What a terminal, a scheduler and a closed window send to say: stop. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm passes on a Ctrl-C that the terminal has sent to the program already: two so close are one. */
const ECHO_MS = 250;

/** Calls `stop` with how often a person has asked to stop, from 1 on. Returns what ends the watching. */
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
