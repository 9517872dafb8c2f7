/** The command: importing this file runs it with the arguments of the process. */
import { guardOutput, reportError } from "./output.ts";
import { runCommand } from "./program.ts";

const args = process.argv.slice(2);

// If the program ends before it sets an exit status, it has failed.
process.exitCode = 1;
guardOutput();
process.on("uncaughtException", (error) => {
  process.exit(reportError(error, args));
});
process.exitCode = await runCommand(args);
