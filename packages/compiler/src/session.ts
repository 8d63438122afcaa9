export function sessionAddonProblem(): string | undefined {
  return 'not built';
}
