import { FormatError } from "../core/errors.ts";
import { quote } from "../io/table-columns.ts";
import { normalizePath } from "./caption-lists.ts";

const baseOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Pictures by their paths and by the names at their ends. */
export class PictureNames {
  private readonly paths: readonly string[];
  private readonly byPath = new Map<string, number[]>();
  private readonly byBase = new Map<string, number[]>();

  /** @param names of files, or of pictures as a list has them */
  constructor(names: readonly string[]) {
    this.paths = names.map(normalizePath);
    for (const [row, path] of this.paths.entries()) {
      addTo(this.byPath, path, row);
      addTo(this.byBase, baseOf(path), row);
    }
  }

  /**
   * The picture that a normalized path means: that of this path; else the one whose path ends in it, or that it ends in;
   * else the only one with the name at its end.
   * @param where it is named, for errors
   * @returns undefined if there is none
   * @throws FormatError if several pictures could be meant
   */
  find(path: string, where: string): number | undefined {
    const [row, another] = this.byPath.get(path) ?? this.findByName(path);
    if (another === undefined) return row;
    const [one, other] = [quote(this.paths[row]), quote(this.paths[another])];
    throw new FormatError(where, `${quote(path)} could be the picture ${one} or ${other}`, {
      hint: "give each picture a name of its own, or name it by its path below the folder of all pictures",
    });
  }

  private findByName(path: string): readonly number[] {
    const alike = this.byBase.get(baseOf(path)) ?? [];
    const isWithin = (long: string, short: string) => long.endsWith(`/${short}`);
    const near = alike.filter((row) => isWithin(this.paths[row], path) || isWithin(path, this.paths[row]));
    return near.length > 0 ? near : alike;
  }
}

function addTo(map: Map<string, number[]>, key: string, row: number): void {
  const rows = map.get(key);
  if (rows === undefined) map.set(key, [row]);
  else rows.push(row);
}
