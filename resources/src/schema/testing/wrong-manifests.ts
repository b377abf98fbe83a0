/**
 * Manifests that nobody can have meant, each with what the refusal must say: from this
 * program and from an API server.
 */
import type { WrongManifest } from './wrong.ts';
import { WRONG_OTHERS } from './wrong-others.ts';
import { WRONG_STREAMS } from './wrong-streams.ts';

export const WRONG_MANIFESTS: readonly WrongManifest[] = [...WRONG_STREAMS, ...WRONG_OTHERS];
