using System.Globalization;
using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine.Files;

namespace GpuCnn.Reports;

/// <summary>What a network says of images, as comma-separated values (RFC 4180).</summary>
internal static class JudgementFiles
{
    /// <summary>
    /// A row for each image, in the order of the data set: file, label, prediction, probability, and the likeliest classes as top1 to top5.
    /// </summary>
    /// <param name="nameOf">Names an image by its place.</param>
    /// <exception cref="Engine.GpuCnnException">The file cannot be written.</exception>
    public static void SavePredictions(string path, Judgement judgement, Func<int, string> nameOf)
    {
        IReadOnlyList<string> classes = judgement.Classes;
        int ranks = judgement.Images.Count == 0 ? 0 : judgement.Images[0].Likeliest.Length;
        Save(path, judgement.Images.OrderBy(image => image.Image).Select(image => (IEnumerable<string>)
        [
            nameOf(image.Image), classes[image.Label], classes[image.Prediction],
            image.Probability.ToString("F6", CultureInfo.InvariantCulture), .. image.Likeliest.Select(index => classes[index]),
        ]).Prepend(["file", "label", "prediction", "probability", .. Enumerable.Range(1, ranks).Select(rank => $"top{rank}")]));
    }

    /// <summary>A row for each label, a column for each prediction: counts.</summary>
    /// <exception cref="Engine.GpuCnnException">The file cannot be written.</exception>
    public static void SaveConfusion(string path, Judgement judgement)
    {
        IReadOnlyList<string> classes = judgement.Classes;
        Save(path, classes.Select((name, label) => classes.Select((_, prediction) =>
            judgement.Matrix[label, prediction].ToString(CultureInfo.InvariantCulture)).Prepend(name)).Prepend(classes.Prepend("label")));
    }

    private static void Save(string path, IEnumerable<IEnumerable<string>> rows) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), bufferSize: 1 << 16, leaveOpen: true);
        foreach (IEnumerable<string> row in rows) writer.Write(CsvText.Line(row));
    });
}
