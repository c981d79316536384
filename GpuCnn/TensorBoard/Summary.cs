using GpuCnn.Data;
using GpuCnn.Data.Formats;
using GpuCnn.Protobuf;

namespace GpuCnn.TensorBoard;

/// <summary>Values of TensorBoard's summary.proto, each under a tag.</summary>
internal static class Summary
{
    // Fields of Summary.Value, Summary.Image, SummaryMetadata and its PluginData, TensorProto and TensorShapeProto.
    private const int TagField = 1, NumberField = 2, ImageField = 4, HistogramField = 5, TensorField = 8, MetadataField = 9;
    private const int HeightField = 1, WidthField = 2, ColorsField = 3, EncodedField = 4, Gray = 1, Rgb = 3;
    private const int PluginField = 1, ClassField = 4, PluginName = 1, PluginContent = 2, TensorClass = 2;
    private const int TypeField = 1, ShapeField = 2, TextField = 8, DimensionField = 2, SizeField = 1, TextType = 7;

    public static ProtobufMessage Scalar(string tag, double value) =>
        new ProtobufMessage().Add(TagField, tag).Add(NumberField, (float)value);

    /// <summary>Counts of values in buckets that grow by a tenth; null if no value is finite.</summary>
    public static ProtobufMessage? Histogram(string tag, ReadOnlySpan<float> values) =>
        HistogramBuckets.Of(values) is { } histogram ? new ProtobufMessage().Add(TagField, tag).Add(HistogramField, histogram) : null;

    public static ProtobufMessage Image(string tag, PixelImage image) => new ProtobufMessage().Add(TagField, tag).Add(ImageField,
        new ProtobufMessage().Add(HeightField, image.Height).Add(WidthField, image.Width).Add(ColorsField, image.Channels == 1 ? Gray : Rgb)
            .Add(EncodedField, new PngWriter().Encode(image, ".png")));

    /// <param name="markdown">Shown as Markdown.</param>
    public static ProtobufMessage Text(string tag, string markdown)
    {
        ProtobufMessage shape = new ProtobufMessage().Add(DimensionField, new ProtobufMessage().Add(SizeField, 1));
        return new ProtobufMessage().Add(TagField, $"{tag}/text_summary").Add(MetadataField, Metadata("text", []))
            .Add(TensorField, new ProtobufMessage().Add(TypeField, TextType).Add(ShapeField, shape).Add(TextField, markdown));
    }

    /// <summary>Data for a plugin of TensorBoard's.</summary>
    public static ProtobufMessage Plugin(string tag, string plugin, ProtobufMessage content) =>
        new ProtobufMessage().Add(TagField, tag).Add(MetadataField, Metadata(plugin, content.ToBytes()));

    private static ProtobufMessage Metadata(string plugin, byte[] content)
    {
        ProtobufMessage data = new ProtobufMessage().Add(PluginName, plugin);
        if (content.Length > 0) data.Add(PluginContent, content);
        return new ProtobufMessage().Add(PluginField, data).Add(ClassField, TensorClass);
    }
}
