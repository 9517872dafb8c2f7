/** What an error says besides, of a file that does not have the bytes that it claims. */
export const DAMAGED = { hint: "the file is cut off or damaged: get it again" };
