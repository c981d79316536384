using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Opens a data set and decodes all of its images, to report all errors at once.</summary>
public static class DatasetCheck
{
    /// <summary>Number of files with unknown extensions whose content is examined.</summary>
    private const int ContentsLooked = 10_000;

    /// <param name="path">As for <see cref="DatasetLocator.Open"/>.</param>
    /// <param name="validationPath">As for <see cref="DatasetLocator.Open"/>.</param>
    /// <param name="progress">Called with the number of images done and the total, from several threads.</param>
    /// <exception cref="GpuCnnException">There is no data set to check.</exception>
    public static DatasetReport Run(string path, string? validationPath = null, Action<int, int>? progress = null)
    {
        LocatedDataset data = DatasetLocator.OpenLeniently(path, validationPath);
        (string Name, ImageSplit Split)[] parts =
        [
            .. new (string, ImageSplit?)[] { ("train", data.HasTraining ? data.Train : null), ("validation", data.Validation) }
                .Where(part => part.Item2 is not null).Select(part => (part.Item1, part.Item2!)),
        ];
        int[] first = [.. parts.Select((_, p) => parts.Take(p).Sum(part => part.Split.Count))];
        int count = parts.Sum(part => part.Split.Count), done = 0;
        PictureLook[] looks = new PictureLook[count];
        byte[] small = new byte[(long)count * PerceptualHash.Pixels];
        using (ThreadLocal<PictureLooker> lookers = new(() => new PictureLooker(), trackAllValues: true))
        {
            InOrder.Run(count, i =>
            {
                int p = PartOf(i);
                looks[i] = lookers.Value!.At(parts[p].Split, i - first[p], small.AsSpan(i * PerceptualHash.Pixels, PerceptualHash.Pixels));
                progress?.Invoke(Interlocked.Increment(ref done), count);
            });
            foreach (PictureLooker looker in lookers.Values) looker.Dispose();
        }

        int[][] same = [.. Enumerable.Range(0, count).Where(i => looks[i].Reason is null).GroupBy(i => looks[i].Content)
            .Where(group => group.Count() > 1).Select(group => group.ToArray())];
        HashSet<int> copies = [.. same.SelectMany(group => group.Skip(1))];
        IReadOnlyList<IReadOnlyList<int>> alike = LookAlikes.Find(count, i => looks[i].Reason is null && !copies.Contains(i),
            i => looks[i].Hash, small);
        return new DatasetReport(data.Description, data.Classes, [.. parts.Select((part, p) => Summarise(part.Name, part.Split,
            looks.AsSpan(first[p], part.Split.Count)))])
        {
            Unreadable = [.. Enumerable.Range(0, count).Where(i => looks[i].Reason is not null).Select(i => new UnreadableImage(Name(i),
                looks[i].Reason!))],
            Flaws = [.. Enumerable.Range(0, count).Where(i => looks[i] is { Reason: null, Header.Note: not null })
                .Select(i => new UnreadableImage(Name(i), looks[i].Header.Note!))],
            Duplicates = [.. same.Select(Group)],
            LookAlikes = [.. alike.Select(Group)],
            LeftOut = LookAt(data.LeftOut),
            Problems = data.Problems,
            NearNames = [.. data.Classes.GroupBy(Plain).Where(group => group.Count() > 1).Select(group => group.ToArray())],
        };

        int PartOf(int i) => parts.Length == 1 || i < first[1] ? 0 : 1;

        string Name(int i) => parts[PartOf(i)].Split.Name(i - first[PartOf(i)]);

        PictureGroup Group(IReadOnlyList<int> places) => new(
        [
            .. places.Select(i => (Image: i, Part: parts[PartOf(i)], First: first[PartOf(i)]))
                .Select(at => new PictureReference(at.Part.Name, data.Classes[at.Part.Split.Labels[at.Image - at.First]], Name(at.Image))),
        ]);
    }

    private static SplitReport Summarise(string name, ImageSplit split, ReadOnlySpan<PictureLook> looks)
    {
        List<ImageHeader> headers = [];
        foreach (PictureLook look in looks)
            if (look.Reason is null) headers.Add(look.Header);
        return new SplitReport(
            name, split.Count, split.CountPerClass(), Extent.Of(headers.Select(header => header.Width)),
                Extent.Of(headers.Select(header => header.Height)),
            Count(header => header.Format), Count(header => header.Mode), headers.Count(header => header.Orientation > 1));

        KeyValuePair<string, int>[] Count(Func<ImageHeader, string> kind) =>
            [.. headers.CountBy(kind).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)];
    }

    private static LeftOutFile[] LookAt(IReadOnlyList<string> files)
    {
        using PictureDecoder decoder = new();
        return [.. files.Select((file, i) => new LeftOutFile(file, i < ContentsLooked ? Content(file) : null))];

        string? Content(string file)
        {
            if (!File.Exists(file)) return null;
            try
            {
                return decoder.Open(file).Format;
            }
            catch (GpuCnnException)
            {
                return null;
            }
        }
    }

    private static string Plain(string name)
    {
        string plain = new([.. name.ToLowerInvariant().Where(char.IsLetterOrDigit)]);
        return plain.Length > 0 ? plain : name;
    }
}
