/** Tests remember cells in a folder of their own, not in the developer's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-state-"));
  process.env.UNROLLED_STATE = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
