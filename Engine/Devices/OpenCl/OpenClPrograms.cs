using System.Collections.Concurrent;
using GpuCnn.Engine.Files;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// The compiled programs of a context. Each is compiled once, even if several threads request it, and kept on disk for later processes. A
/// binary is saved after the program's first launch has run: only then does it hold machine code on every driver.
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

    /// <summary>Programs compiled from source.</summary>
    public int Builds => _builds;

    /// <summary>Programs loaded from disk.</summary>
    public int Loads => _loads;

    /// <exception cref="KernelBuildException">The driver's compiler refused the kernel.</exception>
    public OpenClProgram Get(OpenClSource source)
    {
        Lazy<OpenClProgram> program = _programs.GetOrAdd(source, source => new Lazy<OpenClProgram>(() => Create(source)));
        try
        {
            return program.Value;
        }
        catch
        {
            // The next request tries again, since the failure may have been a lack of memory.
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
    /// Takes the programs whose binaries can be saved once all queued commands have run. Call it before waiting, so that later launches of
    /// other threads stay for the next time: a driver may still be compiling them.
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
