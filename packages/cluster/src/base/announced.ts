/** A commit that has been sent to PostgreSQL, or is about to: whoever asks may have met it already. */
export interface Announced {
  /** It has taken effect, or nobody knows whether it has. */
  settle(): void;
  /** PostgreSQL has refused it. */
  takeBack(): void;
}
