using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli.Hostile;

/// <summary>Paths that are not what a command expects: of the wrong kind, damaged, or with names that few expect.</summary>
internal sealed class HostileFiles : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    public HostileFiles()
    {
        Data = TinyData.Write(_folder, train: 4, validation: 2);
        Image = _folder["data", "val", "red", "00.png"];
        CommandLine.Succeed("train", "--model", "smallcnn", "--data", Data, "--input", "3x16x16", "--batch", "4", "--steps", "1", "--out",
            _folder["run"]);
        Run = _folder["run"];
        Weights = _folder["run", "final.safetensors"];
        WriteOddPaths();
        WriteDamagedFiles();
        WriteDamagedFolders();
    }

    /// <summary>A data set of small pictures.</summary>
    public string Data { get; }

    /// <summary>A picture of <see cref="Data"/>.</summary>
    public string Image { get; }

    /// <summary>Weights trained on <see cref="Data"/>.</summary>
    public string Weights { get; }

    /// <summary>The run that made <see cref="Weights"/>.</summary>
    public string Run { get; }

    /// <summary>Paths by what is wrong with them.</summary>
    public IReadOnlyDictionary<string, string> Paths => _paths;

    /// <summary>A path that nothing has been written to.</summary>
    public string New() => _folder[Path.GetRandomFileName()];

    public void Dispose() => _folder.Dispose();

    private void WriteOddPaths()
    {
        Add("missing", _folder["none", "x"]);
        Add("missing with a long name", _folder[new string('n', 255)]);
        Add("name that is too long", _folder[new string('n', 4096)]);
        Add("path that is too long", _folder[string.Join('/', Enumerable.Repeat("deep", 1200))]);
        Add("unicode", _folder["mañana 図 \U0001F600"]);
        Add("line break", _folder["two\nlines"]);
        Add("escape code", _folder["\e[31mred\e[0m"]);
        Add("bytes that are not UTF-8", _folder["caf\uFFFD"]);
        Add("half a character", _folder["x\ud83d"]);
        Add("option", "--");
        Add("zero byte", "a\0b");
        Add("only spaces", "   ");
        Add("empty file", _folder.Add([], "empty"));
        Add("empty folder", Directory.CreateDirectory(_folder["empty-folder"]).FullName);
        Add("folder with a line break", Directory.CreateDirectory(_folder["odd\nfolder"]).FullName);
        if (OperatingSystem.IsWindows()) return;
        Add("loop", Link("loop", _folder["loop-2"]));
        Link("loop-2", _folder["loop"]);
        Add("link to nothing", Link("dangling", _folder["gone"]));
        Add("zeros without end", "/dev/zero");
        Add("nothing", "/dev/null");
        Add("standard input", "/dev/stdin");
        Add("file of /proc", "/proc/self/status");
        Add("folder of /proc", "/proc/self/fd");
        string pipe = _folder["pipe"];
        using (Process maker = Process.Start("mkfifo", [pipe])) maker.WaitForExit();
        Assert.That(Path.Exists(pipe), "mkfifo");
        Add("pipe", pipe);
        Add("link to a pipe", Link("pipe-link", pipe));
        Add("pipes as images", FolderOf("pipes", name =>
        {
            using Process maker = Process.Start("mkfifo", [name]);
            maker.WaitForExit();
        }));
        Add("links to themselves as images", FolderOf("loops", name => File.CreateSymbolicLink(name, name)));
        string locked = _folder.Add([1, 2, 3], "locked");
        File.SetUnixFileMode(locked, UnixFileMode.None);
        Add("unreadable", locked);
    }

    private void WriteDamagedFiles()
    {
        byte[] garbage = new byte[3000];
        new Random(5).NextBytes(garbage);
        byte[] weights = File.ReadAllBytes(Weights), image = File.ReadAllBytes(Image);
        using var buffer = new MemoryStream();
        using (var archive = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open())
            entry.Write("\u0080\u0002}."u8);
        byte[] zip = buffer.ToArray();
        foreach ((string extension, byte[] content) in new (string, byte[])[]
        {
            ("safetensors", weights), ("png", image), ("pth", zip), ("jpg", [0xff, 0xd8, 0xff, 0xe0, 0, 16, .. garbage]),
            ("gz", Gzip(garbage)), ("json", """{"version": 3, "model": "smallcnn", "settings": {"batch": """u8.ToArray()),
            ("csv", "file,label\n\"a.png,1\nb.png"u8.ToArray()), ("parquet", [.. "PAR1"u8, .. garbage, .. "PAR1"u8]),
            ("tar", [.. new byte[100], .. garbage]), ("npy", [0x93, .. "NUMPY"u8, 1, 0, 0xff, 0xff]),
        })
        {
            Add($"garbage named .{extension}", _folder.Add(garbage, $"garbage.{extension}"));
            Add($".{extension} cut short", _folder.Add(content[..(content.Length / 2)], $"cut.{extension}"));
            Add($".{extension} of a few bytes", _folder.Add(content[..Math.Min(7, content.Length)], $"few.{extension}"));
        }
        // A header that claims more bytes than memory has.
        Add("header of 2^60 bytes", _folder.Add([.. BitConverter.GetBytes(1L << 60), .. garbage], "huge.safetensors"));
        string header = """{"a":{"dtype":"F32","shape":[1000000000000,1000000000000],"data_offsets":[0,4]}}""";
        Add("tensor of 10^24 values",
            _folder.Add([.. BitConverter.GetBytes((long)header.Length), .. Encoding.ASCII.GetBytes(header), 0, 0, 0, 0],
                "vast.safetensors"));
        Add("text", _folder.Add("not what you want\n"u8.ToArray(), "text.txt"));
    }

    private void WriteDamagedFolders()
    {
        byte[] labels = [0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3];
        _folder.Add([0, 0, 8, 3, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 28], "idx", "train-images-idx3-ubyte");
        _folder.Add(labels, "idx", "train-labels-idx1-ubyte");
        Add("IDX of 2^62 pixels", _folder["idx"]);
        _folder.Add(new byte[3073 + 17], "cifar", "data_batch_1.bin");
        Add("CIFAR cut short", _folder["cifar"]);
        _folder.Add("{"u8.ToArray(), "half-run", "config.json");
        Add("run with half a configuration", _folder["half-run"]);
        _folder.Add("""{"version": 999999999}"""u8.ToArray(), "new-run", "config.json");
        Add("run of another version", _folder["new-run"]);
        _folder.Add("[]"u8.ToArray(), "list-run", "config.json");
        Add("run that is a list", _folder["list-run"]);
        string torn = _folder["torn-run"];
        Directory.CreateDirectory(torn);
        File.Copy(Path.Combine(Run, "config.json"), Path.Combine(torn, "config.json"));
        File.WriteAllBytes(Path.Combine(torn, "checkpoint-00000001.safetensors"), [1, 2, 3]);
        Add("run whose checkpoint is three bytes", torn);
        Add("garbage as images", FolderOf("garbage", name => File.WriteAllBytes(name, [1, 2, 3, 4])));
        Add("empty files as images", FolderOf("empties", name => File.WriteAllBytes(name, [])));
        Add("folders named as images", FolderOf("folders", name => Directory.CreateDirectory(name)));
    }

    private string FolderOf(string name, Action<string> write)
    {
        foreach (string path in (string[])["a", "b"])
        {
            Directory.CreateDirectory(_folder[name, path]);
            for (int i = 0; i < 3; i++) write(_folder[name, path, $"{i}.png"]);
        }
        return _folder[name];
    }

    private string Link(string name, string target)
    {
        File.CreateSymbolicLink(_folder[name], target);
        return _folder[name];
    }

    private static byte[] Gzip(byte[] content)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest)) gzip.Write(content);
        return buffer.ToArray();
    }

    private void Add(string what, string path) => _paths.Add(what, path);
}
