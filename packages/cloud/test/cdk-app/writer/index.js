const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");

exports.handler = async () => {
  await new S3Client().send(new PutObjectCommand({ Bucket: process.env.BUCKET, Key: "a", Body: "written" }));
};
