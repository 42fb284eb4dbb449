/** What the live region says to a screen reader. */
class Announcer {
  message = $state("");

  say(message: string): void {
    // A repeated sentence is only spoken when the region changes.
    this.message = message === this.message ? `${message}\u00a0` : message;
  }
}

export const announcer = new Announcer();
