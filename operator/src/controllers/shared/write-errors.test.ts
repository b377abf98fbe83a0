import { expect, it } from 'vitest';
import { ApiError } from '../../kube/errors.ts';
import { harmless, refusal } from './write-errors.ts';

const POD = { kind: 'Pod', metadata: { name: 'p' } };
const invalid = (field: string): ApiError =>
  new ApiError('PATCH p', 422, {
    reason: 'Invalid',
    message: `${field} is wrong`,
    details: { causes: [{ field }] },
  });

it.each([
  ['it is gone', new ApiError('PATCH p', 404), true],
  ['it is not the newest', new ApiError('PATCH p', 409), true],
  ['it is another one by now', invalid('metadata.uid'), true],
  ['it is wrong', invalid('spec.replicas'), false],
  ['it is not allowed', new ApiError('PATCH p', 403), false],
])(
  'a failed write is ignored only when its object no longer exists as it was read: %s',
  async (_, error, forgiven) => {
    const write = harmless(Promise.reject(error));
    await (forgiven ? expect(write).resolves.toBeUndefined() : expect(write).rejects.toBe(error));
  },
);

it.each([
  [invalid('spec.replicas'), 'Invalid'],
  [new ApiError('PATCH p', 403, { message: 'exceeded quota' }), 'Forbidden'],
  // An API server whose CRD is older than this operator answers so.
  [new ApiError('PATCH p', 500, { message: '.status.new: field not declared in schema' }), 'Invalid'],
  [new ApiError('PATCH p', 500, { message: 'etcdserver: request timed out' }), undefined],
  [new Error('ECONNREFUSED'), undefined],
])('a refusal that no retry fixes is recognized: %s', (error, reason) => {
  expect(refusal(error, POD)?.reason).toBe(reason);
});
