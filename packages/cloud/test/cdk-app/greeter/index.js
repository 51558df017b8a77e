exports.handler = async (event) => {
  console.log("greeting");
  return { words: process.env.WORDS, code: "first", path: event.rawPath };
};
