/** Bytes from the start of the heap; every element, f32 or i32, takes one word of four. 0 means "absent". */
export type Address = number;

export const WORD = 4;
