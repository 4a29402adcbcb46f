import { ApiError, missingPathStatuses } from '../shared/errors.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { type ApiCall, type ApiResponse, readJson } from './sdk-call.ts';

/** A part of the API that some servers do not have. */
interface Support {
  /** Lists its objects, which every server that has it can do. */
  readonly list: () => ApiCall<object>;
  /** The error of a server that does not have it. */
  readonly message: string;
}

async function isSupported({ list }: Support): Promise<boolean> {
  try {
    await readJson(list());
    return true;
  } catch (error) {
    return !missingPathStatuses.has(readFailure(error).status);
  }
}

/** As `readJson`, but rejects with one sentence when the server does not have this part of the API. */
export async function readSupported<Body extends object>(
  call: ApiCall<Body>,
  support: Support,
): Promise<ApiResponse<Body>> {
  try {
    return await readJson(call);
  } catch (error) {
    const { status, code } = readFailure(error);
    const isExplained = code === 'unsupported_endpoint' || !missingPathStatuses.has(status);
    if (isExplained || (await isSupported(support))) throw error;
    throw new ApiError(status, support.message);
  }
}
