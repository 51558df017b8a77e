import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  literal,
  type Model,
  type ModelStatic,
  type Sequelize,
} from "sequelize";

export interface Owner extends Model<InferAttributes<Owner>, InferCreationAttributes<Owner>> {
  id: CreationOptional<string>;
  name: string;
  city: string;
  telephone?: string | null;
}

export function defineOwner(sequelize: Sequelize): ModelStatic<Owner> {
  return sequelize.define<Owner>(
    "owner",
    {
      // Random keys spread over the storage; there is no SERIAL.
      id: { type: DataTypes.UUID, primaryKey: true, defaultValue: literal("gen_random_uuid()") },
      name: { type: DataTypes.STRING(30), allowNull: false },
      city: { type: DataTypes.STRING(80), allowNull: false },
      telephone: { type: DataTypes.STRING(20) },
    },
    // Sequelize writes CREATE INDEX without ASYNC, so the model has no `indexes`; see migrate.ts.
    { tableName: "owner", timestamps: false },
  );
}
