import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

@Entity("owner")
export class Owner {
  /** Random keys spread over the storage; there is no SERIAL. */
  @PrimaryGeneratedColumn("uuid")
  id!: string;

  @Column("varchar", { length: 30 })
  name!: string;

  @Column("varchar", { length: 80 })
  city!: string;

  @Column("varchar", { length: 20, nullable: true })
  telephone?: string | null;
}
