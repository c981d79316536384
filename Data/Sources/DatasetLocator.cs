using GpuCnn.Engine;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Data;

/// <summary>Determines the kind of a data set and opens it.</summary>
public static class DatasetLocator
{
    /// <summary>How far below a folder to search for data sets, to suggest them.</summary>
    private const int LevelsSearched = 3, FoldersSearched = 500;

    private static IReadOnlyList<IDatasetFormat> Formats => Registry.CreateAll<IDatasetFormat>();

    /// <summary>
    /// Opens the data set at <paramref name="path"/>, of any kind that an <see cref="IDatasetFormat"/> recognizes.
    /// <paramref name="validationPath"/> names a data set of the same classes to validate on instead of its own.
    /// </summary>
    /// <exception cref="GpuCnnException">The path does not exist, is not a data set, or is one that cannot be trained on.</exception>
    public static LocatedDataset Open(string path, string? validationPath = null)
    {
        LocatedDataset data = OpenLeniently(path, validationPath);
        if (data.Problems.Count == 0) return data;
        throw data.Problems.Count == 1 ? new GpuCnnException(data.Problems[0])
            : new FaultyDatasetException($"{data.Problems[0]} ({data.Problems.Count - 1} more like this.)", path);
    }

    /// <summary>
    /// Like <see cref="Open"/>, but records errors in <see cref="LocatedDataset.Problems"/> if the rest can be read.
    /// </summary>
    internal static LocatedDataset OpenLeniently(string path, string? validationPath)
    {
        LocatedDataset data = Recognise(path).Open(path);
        if (validationPath is null) return data;
        LocatedDataset other = Recognise(validationPath).Open(validationPath);
        ImageSplit? validation = RelabelledSplit.TryCreate(other.Evaluation, data.Classes, out IReadOnlyList<string> unknown);
        if (validation is null)
        {
            throw new GpuCnnException(
                $"Validation data {DataFile.Quote(validationPath)}: expected the {data.Classes.Count} classes of {DataFile.Quote(path)}, " +
                $"but got {DataFile.Quote(unknown[0])}{(unknown.Count > 1 ? $" and {unknown.Count - 1} others" : "")}; " +
                "name a data set of the same classes.");
        }
        return new LocatedDataset(path, data.Kind, data.Train, validation)
        {
            Size = data.Size,
            Notes = [.. data.Notes, $"validation images from {DataFile.Quote(validationPath)} ({other.Kind})", .. other.Notes],
            Problems = [.. data.Problems, .. other.Problems],
            LeftOut = [.. data.LeftOut, .. other.LeftOut],
            TestSource = data.TestSource,
        };
    }

    private static IDatasetFormat Recognise(string path)
    {
        if (!Directory.Exists(path) && !File.Exists(path)) throw Missing(path);
        IDatasetFormat[] found = [.. Formats.Where(format => format.Recognises(path))];
        if (found.Any(format => !format.IsLastResort)) found = [.. found.Where(format => !format.IsLastResort)];
        if (found.Length == 1) return found[0];
        if (found.Length > 1)
        {
            throw new GpuCnnException(
                $"Data set {DataFile.Quote(path)}: expected one kind of data, " +
                $"but got {string.Join(" as well as ", found.Select(f => f.Expected))}; " +
                "put each into a folder of its own.");
        }
        throw Unrecognised(path);
    }

    private static GpuCnnException Missing(string path)
    {
        string parent = Path.GetDirectoryName(Path.GetFullPath(path)) is { } name && Directory.Exists(name) ? name : "";
        string? nearest = parent.Length == 0 ? null : DataFolder.Folders(parent).Select(folder => Path.GetFileName(folder))
            .Select(folder => (Name: folder,
                Distance: NearNames.Distance(folder.ToLowerInvariant(), Path.GetFileName(path.TrimEnd('/', '\\')).ToLowerInvariant())))
            .Where(folder => folder.Distance <= 2).OrderBy(folder => folder.Distance).Select(folder => folder.Name).FirstOrDefault();
        string fault = $"Data set {DataFile.Quote(path)}: expected a folder, but there is none";
        return nearest is null ? new DatasetNotFoundException($"{fault}; check the path.", path)
            : new GpuCnnException($"{fault}; did you mean {DataFile.Quote(Path.Combine(parent, nearest))}?");
    }

    private static GpuCnnException Unrecognised(string path)
    {
        string expected = string.Join("; or ", Formats.Select(format => format.Expected));
        if (File.Exists(path))
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return new GpuCnnException($"Data set {DataFile.Quote(path)}: expected {expected}; but got a file; " +
                $"name the folder it is in, such as {DataFile.Quote(folder)}.");
        }
        IReadOnlyList<string> folders = DataFolder.Folders(path), files = DataFolder.Files(path);
        IReadOnlyList<IDatasetFormat> formats = Formats;
        string[] inside = [.. DataFolder.Nearest(path, LevelsSearched, FoldersSearched).Skip(1)
            .Where(folder => formats.Any(format => format.Recognises(folder))).Take(3)];
        if (inside.Length > 0)
        {
            string also = inside.Length == 1 ? "" : $", or {string.Join(", ", inside.Skip(1).Select(DataFile.Quote))}";
            return new GpuCnnException($"Data set {DataFile.Quote(path)}: expected a data set, but got a folder that contains one; " +
                $"name {DataFile.Quote(inside[0])}{also}.");
        }
        if (files.Any(ImageFile.HasReadableExtension))
        {
            return new GpuCnnException(
                $"Data set {DataFile.Quote(path)}: expected a folder for each class, but got images directly in it; " +
                "move the images of each class into a folder with the name of the class.");
        }
        string[] all = [.. folders.SelectMany(folder => DataFolder.FilesBelow(folder)), .. files];
        string got = all.Length == 0 ? "no files" : $"none of these among its files ({ClassFolders.Extensions(all)})";
        return new GpuCnnException(
            $"Data set {DataFile.Quote(path)}: expected {expected}; but got {got}; images are read as {ImageFile.ReadableFormats}.");
    }
}
