/** Something that somebody tries: whether it is going on, and why it has failed. */

import { asProblem, type Problem } from "../api/problem";

export class Attempt {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Whether somebody else was faster. */
  readonly conflict = $derived(this.problem?.status === 412);

  /** Does it; false when it has failed, and `problem` then says why. */
  async run(work: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
