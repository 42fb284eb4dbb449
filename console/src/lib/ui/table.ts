/** What a table is told about its columns and rows. */

import type { Snippet } from "svelte";

/** A column by its label, and what it shows of an item: markup, words, or a time. */
export type Column<T> = { label: string } & (
  | { cell: Snippet<[T]> }
  | { text: (item: T) => string }
  | { ago: (item: T) => string | null }
  | { until: (item: T) => string | null }
);

/** Something that can be done with a row. */
export interface Action {
  label: string;
  /** Which one it is done with, for those who hear the button alone. */
  of?: string;
  run: () => void;
}
