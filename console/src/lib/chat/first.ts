/** The first steps in an organisation that is new: what is done of them, and who is shown them. */

export interface Known {
  /** Providers of the models that can be asked. */
  providers: string[];
  /** Whether somebody has said that quotations will do. */
  offline: boolean;
  documents: number;
  members: number;
  invitations: number;
}

export interface Done {
  model: boolean;
  documents: boolean;
  people: boolean;
}

export function done(known: Known): Done {
  return {
    model: known.offline || known.providers.some((provider) => provider !== "offline"),
    documents: known.documents > 0,
    people: known.members > 1 || known.invitations > 0,
  };
}

export function allDone(steps: Done): boolean {
  return steps.model && steps.documents && steps.people;
}
