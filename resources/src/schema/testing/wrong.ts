/** A manifest that nobody can have meant, and what its refusal must say. */
import type { Document } from './manifests.ts';

export interface WrongManifest {
  name: string;
  manifest: Document;
  /** Part of the message, from this program and from an API server: what to write instead. */
  says: string | RegExp;
}

export const wrong = (name: string, manifest: Document, says: string | RegExp): WrongManifest => ({
  name,
  manifest,
  says,
});
