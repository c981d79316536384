#:package ParquetSharp@25.0.1.2
#:property ManagePackageVersionsCentrally=false
#:property CentralPackageTransitivePinningEnabled=false
#:property TreatWarningsAsErrors=false
#:property PublishAot=false
// Writes vectors/huggingface.parquet and vectors/huggingface-zstd.parquet: images and labels in the layout of Hugging Face's datasets
// library, written by Apache Arrow's C++ library, which pyarrow uses too.
// Needs only the SDK: dotnet run Tests/Data/make_parquet_vectors.cs Tests/Data/vectors
using Apache.Arrow;
using Apache.Arrow.Types;
using ParquetSharp;
using ParquetSharp.Arrow;

const int Rows = 7, RowsPerGroup = 3;
const string Features =
    """{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog", "owl"], "_type": "ClassLabel"}}}}""";

foreach ((string name, Compression compression) in new[] { ("huggingface", Compression.Snappy), ("huggingface-zstd", Compression.Zstd) })
{
    var imageType = new StructType([new Field("bytes", BinaryType.Default, true), new Field("path", StringType.Default, true)]);
    var schema = new Apache.Arrow.Schema(
        [new Field("image", imageType, true), new Field("label", Int64Type.Default, true)], new Dictionary<string,
            string> { ["huggingface"] = Features });
    var bytes = new BinaryArray.Builder();
    var paths = new StringArray.Builder();
    var labels = new Int64Array.Builder();
    for (int row = 0; row < Rows; row++)
    {
        // A gray 2x1 image of its row and its class. The last row has none.
        if (row == Rows - 1) bytes.AppendNull();
        else bytes.Append([.. "P5 2 1 255\n"u8, (byte)row, (byte)(row % 3)]);
        paths.Append($"{row}.pgm");
        labels.Append(row % 3);
    }
    var image = new StructArray(imageType, Rows, [bytes.Build(), paths.Build()], ArrowBuffer.Empty, 0);
    using var batch = new RecordBatch(schema, [image, labels.Build()], Rows);
    using var properties = new WriterPropertiesBuilder().Compression(compression).Build();
    using var arrow = new ArrowWriterPropertiesBuilder().StoreSchema().Build();
    using var writer = new FileWriter(Path.Combine(args[0], $"{name}.parquet"), schema, properties, arrow);
    writer.WriteRecordBatch(batch, RowsPerGroup);
    writer.Close();
}
