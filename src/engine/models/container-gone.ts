import { ModelFailure, type ModelRequest } from './model.ts';

/** The container of a call is no more, which is soon for one that is idle: a new one can be had. */
export class ContainerExpired extends ModelFailure {}

/** The failure of a call, told apart where the endpoint says that its container is no more. */
export function toContainerGone(
  { container }: Pick<ModelRequest, 'container'>,
  failure: ModelFailure,
): ModelFailure {
  const { code, message } = failure;
  const isGone =
    container !== null &&
    /container/iu.test(message) &&
    /expired|not found|no longer|does not exist/iu.test(message);
  return isGone ? new ContainerExpired(code, message) : failure;
}
