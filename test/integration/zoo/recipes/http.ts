/** Web servers, good and bad. */
import type { Recipe, Service } from '../../../support/zoo/recipe.ts';
import { H264, H264_B } from './encode.ts';

const offered = (name: string, what: string, ending: string, http: Service, encode = H264_B): Recipe => ({
  name: `http-${name}`,
  what,
  ending,
  parts: [{ encode }],
  http,
  expected: {},
});

const refused = (status: number, code: string, says: string): Recipe => ({
  ...offered(`${status}`, `an address that is answered with ${status}`, 'mp4', { status }, H264),
  expected: { refused: code, says },
});

const FASTSTART = [...H264_B, '-movflags', '+faststart'];

export const HTTP: readonly Recipe[] = [
  offered('ranges', 'an MP4 from a web server', 'mp4', {}),
  offered(
    'whole',
    'an MP4 from a web server that gives only whole files',
    'mp4',
    { ranges: false },
    FASTSTART,
  ),
  offered('whole-index-last', 'an MP4 with its index last from a server that gives only whole files', 'mp4', {
    ranges: false,
  }),
  offered('slow', 'an MP4 from a slow server', 'mp4', { bytesPerSecond: 60_000 }, FASTSTART),
  offered('presigned', 'a presigned address, which answers nothing but GET', 'mp4', {
    signed: 'X-Expires=300&X-Signature=a%2Fb%2Bc%3D%3D',
  }),
  offered('wrong-type', 'an MP4 that its server calls text', 'mp4', { contentType: 'text/html' }),
  offered('broken', 'a connection that breaks once', 'mp4', { breaksAfter: 9_000 }, FASTSTART),
  offered(
    'chunked',
    'an MP4 whose server names no length',
    'mp4',
    { ranges: false, length: false },
    FASTSTART,
  ),
  offered('chunked-mkv', 'a Matroska file whose server names no length', 'mkv', {
    ranges: false,
    length: false,
  }),
  offered('chunked-ts', 'a transport stream whose server names no length', 'ts', {
    ranges: false,
    length: false,
  }),
  offered('chunked-flv', 'an FLV whose server names no length', 'flv', { ranges: false, length: false }),
  refused(404, 'SourceNotFound', 'the server answered 404'),
  refused(403, 'CredentialsRefused', 'the server answered 403'),
];
