using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Pages;
using GpuCnn.Protobuf;
using GpuCnn.Reports;

namespace GpuCnn.TensorBoard;

/// <summary>The most confident mistakes of a validation: pictures, and a text that says what each was taken for.</summary>
internal static class MistakePictures
{
    private const int Most = 8, Side = 128;

    public static IReadOnlyList<ProtobufMessage> Of(Judgement judged, ImageSplit images)
    {
        List<ProtobufMessage> values = [];
        List<string> lines = [];
        foreach (JudgedImage mistake in judged.Mistakes.Take(Most))
        {
            int number = lines.Count + 1;
            string label = judged.Classes[mistake.Label], prediction = judged.Classes[mistake.Prediction];
            lines.Add(FormattableString.Invariant(
                $"{number}. {images.Name(mistake.Image)}: {label}, taken for {prediction} ({mistake.Probability * 100:0.0} %)")
                .ReplaceLineEndings(" "));
            if (Read(images, mistake.Image) is { } picture) values.Add(Summary.Image($"mistakes/{number}", picture));
        }
        if (lines.Count > 0) values.Add(Summary.Text("mistakes", RunParameters.Code(string.Join('\n', lines))));
        return values;
    }

    /// <summary>Null for an image that cannot be read any more.</summary>
    private static PixelImage? Read(ImageSplit images, int index)
    {
        try
        {
            return Thumbnail.Fitted(images.Read(index), Side);
        }
        catch (GpuCnnException)
        {
            return null;
        }
    }
}
