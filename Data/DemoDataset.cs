using GpuCnn.Data.Demo;
using GpuCnn.Data.Formats;
using GpuCnn.Engine;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Data;

/// <summary>
/// A small data set made on the spot: 64x64 RGB pictures of a bus, a car, a flower and a monument, as PNG files in class folders
/// under train/ and val/. Pictures are functions of the seed, the split, the class and the number: the same pixels everywhere.
/// </summary>
public static class DemoDataset
{
    public const int DefaultTrainPerClass = 400;
    public const int DefaultValidationPerClass = 100;

    /// <summary>What makes a folder known as a demo data set: written last, naming seed and size.</summary>
    private const string Marker = "demo-data-set.txt";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private static readonly IReadOnlyList<IDemoObject> Objects =
        [.. Registry.CreateAll<IDemoObject>().OrderBy(o => o.Name, StringComparer.Ordinal)];

    /// <summary>Class names in index order.</summary>
    public static IReadOnlyList<string> Classes => [.. Objects.Select(o => o.Name)];

    /// <summary>Whether the folder holds the whole demo data set that <see cref="Ensure"/> would write there.</summary>
    public static bool IsComplete(
        string directory, ulong seed, int trainPerClass = DefaultTrainPerClass, int validationPerClass = DefaultValidationPerClass)
    {
        string marker = Path.Combine(directory, Marker);
        return File.Exists(marker)
            && DataFile.Guard(marker, "read", () => File.ReadAllText(marker)) == Describe(seed, trainPerClass, validationPerClass);
    }

    /// <summary>
    /// Writes the data set, in place of a demo data set that is already there. The folder appears when all of it is written: one that
    /// was interrupted never looks complete. Of several processes, one writes at a time.
    /// </summary>
    /// <exception cref="GpuCnnException">The directory holds something else, or cannot be written.</exception>
    public static void Write(
        string directory, ulong seed, int trainPerClass = DefaultTrainPerClass, int validationPerClass = DefaultValidationPerClass) =>
        Write(directory, seed, trainPerClass, validationPerClass, unlessComplete: false, CancellationToken.None);

    /// <summary>
    /// Writes the data set unless it is there. Of several processes that call this at once, one writes and the others wait for it.
    /// </summary>
    /// <inheritdoc cref="Write(string, ulong, int, int)"/>
    public static void Ensure(
        string directory, ulong seed, int trainPerClass = DefaultTrainPerClass, int validationPerClass = DefaultValidationPerClass,
        CancellationToken cancellation = default)
    {
        if (!IsComplete(directory, seed, trainPerClass, validationPerClass))
            Write(directory, seed, trainPerClass, validationPerClass, unlessComplete: true, cancellation);
    }

    private static void Write(
        string directory, ulong seed, int trainPerClass, int validationPerClass, bool unlessComplete, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainPerClass, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(validationPerClass, 1);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)), work = $"{target}.tmp";
        CheckReplaceable(target, directory);
        // Held while this process draws; what a killed one left there is drawn again.
        FolderLock held = Hold(work, cancellation);
        try
        {
            if (unlessComplete && IsComplete(directory, seed, trainPerClass, validationPerClass)) return;
            string drawn = Path.Combine(work, "new");
            DataFile.Guard(drawn, "write", () =>
            {
                RemoveAll(drawn);
                WriteSplit(Path.Combine(drawn, "train"), seed, split: 0, trainPerClass, cancellation);
                WriteSplit(Path.Combine(drawn, "val"), seed, split: 1, validationPerClass, cancellation);
                File.WriteAllText(Path.Combine(drawn, Marker), Describe(seed, trainPerClass, validationPerClass));
                return true;
            });
            DataFile.Guard(target, "write", () =>
            {
                // Renamed, not deleted: half a data set would still have its marker.
                string old = Path.Combine(work, "old");
                RemoveAll(old);
                if (Directory.Exists(target)) Directory.Move(target, old);
                Directory.Move(drawn, target);
                return true;
            });
        }
        finally
        {
            DataFile.Guard(work, "remove", () =>
            {
                RemoveAll(Path.Combine(work, "new"));
                RemoveAll(Path.Combine(work, "old"));
                return true;
            });
            held.DisposeAndRemove();
        }
    }

    private static FolderLock Hold(string work, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (DataFile.Guard(work, "write", () => FolderLock.TryTake(work)) is { } held) return held;
            cancellation.WaitHandle.WaitOne(Pause);
        }
    }

    private static void RemoveAll(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>One picture, without a file.</summary>
    internal static PixelImage Draw(int label, ulong seed, ulong split, int number) =>
        DemoScene.Draw(Objects[label], seed, split, (ulong)number * 1024 + (ulong)label);

    private static void WriteSplit(string folder, ulong seed, ulong split, int perClass, CancellationToken cancellation)
    {
        foreach (IDemoObject subject in Objects) Directory.CreateDirectory(Path.Combine(folder, subject.Name));
        try
        {
            ParallelOptions options = new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
            Parallel.For(0, Objects.Count * perClass, options, i =>
            {
                int label = i % Objects.Count, number = i / Objects.Count;
                byte[] png = PngWriter.Encode(Draw(label, seed, split, number), System.IO.Compression.CompressionLevel.Fastest);
                File.WriteAllBytes(Path.Combine(folder, Objects[label].Name, $"{number:D4}.png"), png);
            });
        }
        catch (AggregateException e) when (e.InnerException is IOException or UnauthorizedAccessException)
        {
            throw e.InnerException;
        }
    }

    private static void CheckReplaceable(string target, string named)
    {
        if (File.Exists(target))
            throw new GpuCnnException(
                $"Demo data set {DataFile.Quote(named)}: expected a folder or nothing there, but got a file; choose another folder.");
        if (!Directory.Exists(target)) return;
        string[] entries = DataFile.Guard(target, "list",
            () => Directory.GetFileSystemEntries(target).Select(entry => Path.GetFileName(entry)).ToArray());
        string[] foreign = [.. entries.Where(entry => entry is not (Marker or "train" or "val"))];
        if (entries.Length == 0 || (entries.Contains(Marker) && foreign.Length == 0)) return;
        string got = foreign.Length > 0 ? $"it holds {DataFile.Quote(foreign[0])}" : $"it has no {Marker}";
        throw new GpuCnnException(
            $"Demo data set {DataFile.Quote(named)}: expected an empty folder or an earlier demo data set, but {got}; " +
            "choose another folder, or empty this one.");
    }

    private static string Describe(ulong seed, int trainPerClass, int validationPerClass) =>
        $"GpuCnn demo data set: seed {seed}, {trainPerClass} training and {validationPerClass} validation images of each class.\n";
}
