using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Training;

namespace GpuCnn.Runs;

/// <summary>
/// Recognizes the data set of a run, wherever it lies: by classes, numbers of images, the label of each image and the content of up to
/// 2,000 evenly spaced images of each split.
/// </summary>
internal static class RunData
{
    private const int Most = NormalizationStatistics.LargestSample;

    /// <summary>Hashes the order of images: the labels of all and the contents of the sample. 16 hexadecimal digits.</summary>
    public static string OrderOf(ImageData data) =>
        OrderOf(data, Sample.Of(data.Training), data.Validation is { } split ? Sample.Of(split) : null);

    /// <summary>
    /// Refuses another data set than the run's. Of runs of earlier releases only classes and the number of images are known.
    /// </summary>
    /// <exception cref="ChangedDataException">Names what differs.</exception>
    public static void Check(ImageData data, RunConfig config, RunDirectory directory)
    {
        ChangedDataException Changed(string what) => new(
            $"Data set '{data.Located.Path}' has changed: the run in '{directory.Path}' {what}; "
            + "restore the data, or start a new run from its weights.");

        if (!data.Classes.SequenceEqual(config.Classes) && data.Classes.Count == config.Classes.Count)
        {
            (string was, string now) = config.Classes.Zip(data.Classes).First(pair => pair.First != pair.Second);
            throw Changed($"has the class '{was}' where there is '{now}' now");
        }
        if (config.Validated is { } known && data.Validation?.Count != known.Count)
            throw Changed($"validates on {known.Count:N0} images, but "
                + (data.Validation is null ? "they are gone" : $"got {data.Validation.Count:N0}"));
        if (!data.Classes.SequenceEqual(config.Classes) || data.Training.Count != config.TrainingImages)
            throw Changed($"trains on {config.TrainingImages:N0} images of {config.Classes.Count} classes, but got "
                + $"{data.Training.Count:N0} of {data.Classes.Count}");
        if (config.Trained is not { } trained) return;
        if (config.Validated is null && data.Validation is not null) throw Changed("has no validation images, but there are some now");

        HashSet<string> repaired = Unreadable(directory);
        var training = Sample.Of(data.Training);
        Sample? validation = data.Validation is { } split ? Sample.Of(split) : null;
        bool isSame = true;
        foreach ((Sample? sample, ImageHashes? list, string part) in new[]
            { ((Sample?)training, (ImageHashes?)trained, "trains"), (validation, config.Validated, "validates") })
        {
            // A part of a list says nothing about images that it leaves out, unless the sample is that part.
            if (sample is null || list is null || !list.IsComplete && list.Listed > sample.Hashes.Length) continue;
            string[] others = [.. sample.NotIn(list)];
            isSame &= others.Length == 0;
            string[] refused = [.. others.Where(name => !repaired.Contains(name))];
            // Images that could not be read when the run began are not in its list.
            int spare = list.IsComplete || list.Listed == sample.Hashes.Length ? 0 : sample.Hashes.Length - list.Listed;
            if (refused.Length > spare)
                throw Changed($"{part} on other images than '{refused[0]}'"
                    + (refused.Length > 1 ? $" and {refused.Length - 1:N0} more of the {sample.Hashes.Length:N0} looked at" : ""));
        }
        if (isSame && config.ImageOrder is { } order && order != OrderOf(data, training, validation))
            throw Changed("has the same images in another order or under other classes");
    }

    /// <summary>Names of images that the run could not read; their files may have been repaired since.</summary>
    private static HashSet<string> Unreadable(RunDirectory directory)
    {
        string path = Path.Combine(directory.Path, BadImageLog.FileName);
        if (!File.Exists(path)) return [];
        string text = DataFile.Guard(path, "read", () => File.ReadAllText(path));
        return [.. CsvText.Rows(text).Where(row => row.Count == 3).Select(row => row[1])];
    }

    private static string OrderOf(ImageData data, Sample training, Sample? validation)
    {
        XxHash3 hash = new();
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        foreach ((ImageSplit? split, Sample? sample) in new[] { (data.Training, training), (data.Validation, validation) })
        {
            if (split is null || sample is null) continue;
            foreach (int label in split.Labels)
            {
                BinaryPrimitives.WriteInt32LittleEndian(number, label);
                hash.Append(number[..sizeof(int)]);
            }
            foreach (ulong? image in sample.Hashes)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(number, image ?? 0);
                hash.Append(number);
            }
        }
        return hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
    }

    /// <summary>Hashes of up to <see cref="Most"/> images of a split; null for those that cannot be read.</summary>
    private sealed record Sample(ImageSplit Split, int[] Indices, ulong?[] Hashes)
    {
        public static Sample Of(ImageSplit split)
        {
            int count = Math.Min(split.Count, Most);
            int[] indices = [.. Enumerable.Range(0, count).Select(i => split.Sample(i, count)).Distinct()];
            return new(split, indices, ImageContent.HashAll(split, indices));
        }

        /// <summary>Names of the images that are not in a list. Those that cannot be read are left to whoever uses them.</summary>
        public IEnumerable<string> NotIn(ImageHashes list)
        {
            HashSet<int> found = [.. list.IndicesOf(Hashes)];
            return Enumerable.Range(0, Hashes.Length).Where(i => Hashes[i] is not null && !found.Contains(i))
                .Select(i => Split.Name(Indices[i]));
        }
    }
}
