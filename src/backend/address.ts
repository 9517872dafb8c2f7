/**
 * Offset in bytes from the start of the heap. Every element, f32 or i32, takes one word of 4 bytes. 0 means "absent".
 */
export type Address = number;

export const WORD = 4;
