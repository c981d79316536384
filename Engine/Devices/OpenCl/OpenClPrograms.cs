using System.Collections.Concurrent;
using GpuCnn.Engine.Files;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// The compiled programs of a context: each is compiled once, whichever threads ask for it, and kept on disk for the next process. A
/// binary is saved when the program's first launch has run: only then it holds machine code on every driver.
/// </summary>
internal sealed class OpenClPrograms : IDisposable
{
    private readonly OpenClContext _context;
    private readonly BinaryCache _cache;
    private readonly ConcurrentDictionary<OpenClSource, Lazy<OpenClProgram>> _programs = new();
    private readonly Lock _lock = new();
    private List<OpenClProgram> _launched = [];
    private int _builds;
    private int _loads;

    internal OpenClPrograms(OpenClContext context, BinaryCache cache)
    {
        _context = context;
        _cache = cache;
    }

    /// <summary>How many programs were compiled from source.</summary>
    public int Builds => _builds;

    /// <summary>How many programs came from the disk.</summary>
    public int Loads => _loads;

    /// <exception cref="KernelBuildException">The driver's compiler refused it.</exception>
    public OpenClProgram Get(OpenClSource source)
    {
        Lazy<OpenClProgram> program = _programs.GetOrAdd(source, source => new Lazy<OpenClProgram>(() => Create(source)));
        try
        {
            return program.Value;
        }
        catch
        {
            // The next one who asks tries again: memory may have been short.
            _programs.TryRemove(new(source, program));
            throw;
        }
    }

    public void Dispose()
    {
        foreach (Lazy<OpenClProgram> program in _programs.Values)
            if (program.IsValueCreated) program.Value.Release();
        _programs.Clear();
    }

    internal void Launched(OpenClProgram program)
    {
        if (!program.IsFirstLaunch() || program.IsFromBinary) return;
        lock (_lock) _launched.Add(program);
    }

    /// <summary>
    /// Programs whose binary is to be saved once all that is in the queue now has run. Taken before one waits, so that another
    /// thread's later launches are left for the next time: a driver may still be compiling those.
    /// </summary>
    internal IReadOnlyList<OpenClProgram> TakeLaunched()
    {
        lock (_lock)
        {
            if (_launched.Count == 0) return [];
            List<OpenClProgram> taken = _launched;
            _launched = [];
            return taken;
        }
    }

    internal void Save(IReadOnlyList<OpenClProgram> programs)
    {
        foreach (OpenClProgram program in programs)
            if (program.Binary() is { } binary) _cache.Write(Key(program.Source), binary);
    }

    private OpenClProgram Create(OpenClSource source)
    {
        if (_cache.Read(Key(source)) is { } binary && OpenClProgram.FromBinary(_context, source, binary) is { } loaded)
        {
            Interlocked.Increment(ref _loads);
            return loaded;
        }
        var built = OpenClProgram.Build(_context, source);
        Interlocked.Increment(ref _builds);
        return built;
    }

    private BinaryKey Key(OpenClSource source) =>
        BinaryKey.Of(source.Name, source.Text, source.AllOptions, source.Group.ToString(), _context.Device.Identity);
}
