/** The browser's own `URL`, for the library of uploads, whose substitute for it is of the days before. */
export default URL;
