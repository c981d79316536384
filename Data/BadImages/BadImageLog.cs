using System.Globalization;
using System.Text;
using GpuCnn.Engine;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Data;

/// <summary>An image that a run skipped.</summary>
/// <param name="Part">"train" or "validation".</param>
/// <param name="File">Its path, or its place within a file.</param>
/// <param name="Reason">The error, on one line.</param>
public sealed record BadImage(string Part, string File, string Reason);

/// <summary>
/// Records the images that a run could not read, each once: in memory, and in a CSV file (part,file,reason) once there is a folder for it.
/// Safe to use from several threads.
/// </summary>
/// <param name="policy">What the run does with them.</param>
public sealed class BadImageLog(BadImagePolicy policy)
{
    public const string FileName = "bad-images.csv";

    private const string Header = "part,file,reason";

    private readonly Lock _gate = new();
    private readonly List<BadImage> _found = [];
    private readonly HashSet<(string, string)> _known = [], _written = [];

    /// <summary>What finds the images of each part.</summary>
    private readonly List<BadImages> _readers = [];

    /// <summary>Images of this rank that others do not know of, as rows of part, index, file and reason.</summary>
    private readonly List<string> _untold = [];

    /// <summary>Images that all ranks know of, by part.</summary>
    private readonly Dictionary<string, SharedImages> _shared = [];

    public BadImagePolicy Policy { get; } = policy;

    /// <summary>The CSV file, or null if the run has none.</summary>
    public string? Path { get; private set; }

    /// <summary>The images found so far, in order of discovery.</summary>
    public IReadOnlyList<BadImage> Found
    {
        get
        {
            lock (_gate) return [.. _found];
        }
    }

    /// <summary>Records in <paramref name="folder"/> from now on. Images that the file already lists are not listed again.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read or written.</exception>
    public void WriteTo(string folder)
    {
        lock (_gate)
        {
            Path = System.IO.Path.Combine(folder, FileName);
            if (File.Exists(Path))
            {
                string text = DataFile.Guard(Path, "read", () => File.ReadAllText(Path));
                foreach (IReadOnlyList<string> row in CsvText.Rows(text))
                    if (row is [var part, var file, _]) _written.Add((part, file));
            }
            foreach (BadImage image in _found) Append(image);
        }
    }

    /// <summary>
    /// Tells all ranks which images any of them could not read: rank 0's log then names those of all, and none reads them again. The ranks
    /// call it together.
    /// </summary>
    /// <exception cref="TooManyBadImagesException">
    /// Those of all ranks are more than <see cref="BadImages.LargestShare"/> of a part; thrown on all ranks.
    /// </exception>
    public void Share(Communicator ranks)
    {
        if (ranks.IsAlone) return;
        string own;
        lock (_gate)
        {
            own = string.Concat(_untold);
            _untold.Clear();
        }
        string[] all = ranks.AllGatherTexts(own);
        ranks.Together(() =>
        {
            foreach (IReadOnlyList<string> row in all.SelectMany(text => CsvText.Rows(text)))
                Learn(new BadImage(row[0], row[2], row[3]), int.Parse(row[1], CultureInfo.InvariantCulture));
        });
        // All ranks come to the same sets, so that all of them throw or none.
        foreach ((string part, SharedImages images) in _shared) ReaderOf(part)?.Check(images.Indices.Count, images.LastReason);
    }

    internal void Attach(BadImages reader)
    {
        lock (_gate) _readers.Add(reader);
    }

    /// <param name="index">Index within the split.</param>
    internal void Add(BadImage image, int index)
    {
        lock (_gate)
        {
            if (!TryAdd(image)) return;
            _untold.Add(CsvText.Line(image.Part, index.ToString(CultureInfo.InvariantCulture), image.File, image.Reason));
        }
    }

    private BadImages? ReaderOf(string part)
    {
        lock (_gate) return _readers.FindLast(reader => reader.Part == part);
    }

    private void Learn(BadImage image, int index)
    {
        lock (_gate)
        {
            if (!_shared.TryGetValue(image.Part, out SharedImages? shared)) _shared[image.Part] = shared = new();
            shared.Indices.Add(index);
            shared.LastReason = image.Reason;
            foreach (BadImages reader in _readers)
                if (reader.Part == image.Part) reader.Learn(index);
            TryAdd(image);
        }
    }

    private bool TryAdd(BadImage image)
    {
        if (!_known.Add((image.Part, image.File))) return false;
        _found.Add(image);
        Append(image);
        return true;
    }

    private void Append(BadImage image)
    {
        if (Path is not { } path || !_written.Add((image.Part, image.File))) return;
        DataFile.Guard(path, "write", () =>
        {
            // Append a line at a time, so that the file survives however the run ends.
            string line = CsvText.Line(image.Part, image.File, image.Reason);
            File.AppendAllText(path, File.Exists(path) ? line : CsvText.Line(Header.Split(',')) + line, Encoding.UTF8);
            return true;
        });
    }

    private sealed class SharedImages
    {
        public HashSet<int> Indices { get; } = [];

        public string LastReason { get; set; } = "";
    }
}
