/** The command: importing this file runs it with the arguments of the process. */
import { guardOutput } from "./output.ts";
import { runCommand } from "./program.ts";
import { reportError } from "./report.ts";

const args = process.argv.slice(2);

// Whatever ends the program before it has a status of its own has not done its work.
process.exitCode = 1;
guardOutput();
process.on("uncaughtException", (error) => {
  process.exit(reportError(error, args));
});
process.exitCode = await runCommand(args);
