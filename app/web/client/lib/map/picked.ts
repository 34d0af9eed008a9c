// Which streets are selected, and whoever wants to know of it. Pure, so that it can be tested.
export class Picked {
  private readonly uids = new Set<string>();
  private readonly listeners: ((changed: string[]) => void)[] = [];

  constructor(readonly most: number) {}

  get size(): number { return this.uids.size; }
  get all(): string[] { return [...this.uids]; }
  has(uid: string): boolean { return this.uids.has(uid); }
  listen(told: (changed: string[]) => void): void { this.listeners.push(told); }

  // False where there was no room: the link to the list has to stay short enough for an address.
  set(uid: string, on: boolean): boolean {
    if (on === this.uids.has(uid)) return true;
    if (on && this.uids.size >= this.most) return false;
    if (on) this.uids.add(uid); else this.uids.delete(uid);
    this.tell([uid]);
    return true;
  }

  add(uids: readonly string[]): boolean {
    const room = uids.filter((uid) => !this.uids.has(uid)).slice(0, this.most - this.uids.size);
    for (const uid of room) this.uids.add(uid);
    if (room.length > 0) this.tell(room);
    return uids.every((uid) => this.uids.has(uid));
  }

  clear(): void {
    const gone = this.all;
    this.uids.clear();
    this.tell(gone);
  }

  link(place: string): string {
    const only = this.all.map((uid) => uid.replaceAll("-", "")).join(",");
    return `/inventory?${place ? `in=${place}&` : ""}only=${only}`;
  }

  private tell(changed: string[]): void {
    for (const told of this.listeners) told(changed);
  }
}
