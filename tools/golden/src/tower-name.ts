/** A parameter of the vision tower as transformers 4 names it; version 5 leaves `vision_model.` out. */
export function towerName(name: string): string {
  return name.startsWith('vision_model.') ? name : `vision_model.${name}`;
}
