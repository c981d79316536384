using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Tar archives, plain or gzip: shards in WebDataset's naming, or archives of class folders. A folder of them, or a single one.
/// </summary>
internal sealed class TarShards : IDatasetFormat
{
    public string Expected => "tar shards (plain or gzip) of images with labels";

    public bool Recognises(string path) => File.Exists(path) ? TarShard.IsName(path)
        : Directory.Exists(path) && DataFolder.Files(path).Any(TarShard.IsName);

    public LocatedDataset Open(string path)
    {
        string folder = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        string[] files = File.Exists(path) ? [path] : [.. DataFolder.Files(path).Where(TarShard.IsName)];
        TarShard[] shards = new TarShard[files.Length];
        InOrder.Run(files.Length, i => shards[i] = TarShard.Open(files[i]));
        (string Part, (TarShard Shard, TarImage Image)[] Images, SplitName? Name)[] parts =
        [
            .. shards.SelectMany(shard => shard.Images.Select(image => (Shard: shard, Image: image)))
                .GroupBy(item => SplitName.OfFile(item.Shard.Path) ?? TarShard.PartOf(item.Image))
                .Select(group => (group.First().Shard.Path, group.ToArray(), group.Key)),
        ];
        if (parts.Length == 0)
            throw new GpuCnnException($"Data set {DataFile.Quote(path)}: expected images ({ImageFile.ReadableFormats}) in its tar files, " +
                $"but got none; unpack archives of archives first.");
        var (training, validation, tests, others) = SplitName.Divide(parts.Select(part => (part.Images, part.Name)));
        LabelledImages classes = LabelledImages.Beside(folder)
            ?? LabelledImages.ByLabels((training.Length > 0 ? training : validation).SelectMany(images => images)
                .Select(item => item.Image.Label), training.Length > 0 ? "the training images" : "the images");
        ImageSplit? train = ToSplit(training, classes, path), test = ToSplit(validation, classes, path);
        string[] leftOut = [.. shards.SelectMany(shard => shard.LeftOut)];
        List<string> notes =
            [.. others.Select(images => $"{images.Length:N0} images of {DataFile.Quote(Path.GetFileName(images[0].Shard.Path))} ignored")];
        bool hasOwnTest = tests.Length > 0 && !tests.SequenceEqual(validation);
        if (hasOwnTest) notes.Add($"{tests.Sum(images => images.Length):N0} images kept for testing");
        if (leftOut.Length > 0) notes.Add($"{leftOut.Length:N0} {(leftOut.Length == 1 ? "member" : "members")} of other types left out " +
            $"({ClassFolders.Extensions(leftOut)})");
        int compressed = shards.Count(shard => shard.IsCompressed);
        if (compressed > 0) notes.Add("compressed shards are read front to back and shuffled as far as that allows");
        if (train is null && test is null) throw new GpuCnnException(classes.Problems[0]);
        NativeSize size = NativeSize.Sample((train ?? test)!, out GpuCnnException? unreadable);
        return new LocatedDataset(path,
            $"{files.Length:N0} tar {(files.Length == 1 ? "file" : "files")}{(compressed > 0 ? " (gzip)" : "")}", train, test)
        {
            Size = size,
            Notes = notes,
            Problems = [.. classes.Problems, .. unreadable is null ? (string[])[] : [unreadable.Message]],
            LeftOut = leftOut,
            TestSource = hasOwnTest ? () => classes.Strictly(known => ToSplit(tests, known, path)) : tests.Length > 0 ? () => test! : null,
        };
    }

    private static ImageSplit? ToSplit((TarShard Shard, TarImage Image)[][] groups, LabelledImages classes, string path)
    {
        List<(TarShard Shard, TarImage Image)> images = [];
        List<int> labels = [];
        foreach ((TarShard shard, TarImage image) in groups.SelectMany(group => group).OrderBy(item => item.Shard.Path,
            StringComparer.Ordinal).ThenBy(item => item.Image.Member))
        {
            int label = classes.Find(image.Label, () => $"{shard.Path}:{image.Name}");
            if (label < 0) continue;
            images.Add((shard, image));
            labels.Add(label);
        }
        if (images.Count == 0) return null;
        string description = $"tar shards of {DataFile.Quote(path)}";
        if (images.TrueForAll(item => !item.Shard.IsCompressed)) return new TarSplit(description, classes.Classes, labels, images);
        StreamBlock[] blocks = [.. images.GroupBy(item => item.Shard).Select(group => new TarBlock(group.Key,
            [.. group.Select(item => item.Image)]))];
        return new StreamedSplit(description, classes.Classes, labels, blocks);
    }
}
