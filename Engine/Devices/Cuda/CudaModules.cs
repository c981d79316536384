using System.Collections.Concurrent;
using GpuCnn.Engine.Files;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// The compiled kernels of a context. Each is compiled once, even if several threads request it, and kept on disk for later processes.
/// </summary>
internal sealed class CudaModules : IDisposable
{
    private readonly CudaContext _context;
    private readonly BinaryCache _cache;
    private readonly ConcurrentDictionary<CudaSource, Lazy<CudaModule>> _modules = new();
    private int _builds;
    private int _loads;

    internal CudaModules(CudaContext context, BinaryCache cache)
    {
        _context = context;
        _cache = cache;
    }

    /// <summary>Kernels compiled from source.</summary>
    public int Builds => _builds;

    /// <summary>Kernels loaded from disk.</summary>
    public int Loads => _loads;

    /// <exception cref="KernelBuildException">The compiler or the driver refused the kernel.</exception>
    public CudaModule Get(CudaSource source)
    {
        Lazy<CudaModule> module = _modules.GetOrAdd(source, source => new Lazy<CudaModule>(() => Create(source)));
        try
        {
            return module.Value;
        }
        catch
        {
            // The next request tries again, since the failure may have been a lack of memory.
            _modules.TryRemove(new(source, module));
            throw;
        }
    }

    /// <summary>Releases the kernels. The context must be current for the thread.</summary>
    public void Dispose()
    {
        foreach (Lazy<CudaModule> module in _modules.Values)
            if (module.IsValueCreated) module.Value.Release();
        _modules.Clear();
    }

    private CudaModule Create(CudaSource source)
    {
        BinaryKey key = Key(source);
        if (_cache.Read(key) is { } image && FromCache(source, image) is { } loaded)
        {
            Interlocked.Increment(ref _loads);
            return loaded;
        }
        image = NvrtcCompiler.Compile(_context.Compiler, source, _context.Device.Name);
        var built = CudaModule.Load(_context, source, image, fromCache: false);
        _cache.Write(key, image);
        Interlocked.Increment(ref _builds);
        return built;
    }

    /// <summary>Returns null if the driver refuses the cached code.</summary>
    private CudaModule? FromCache(CudaSource source, byte[] image)
    {
        try
        {
            return CudaModule.Load(_context, source, image, fromCache: true);
        }
        catch (Exception e) when (e is KernelBuildException or DeviceCallException)
        {
            return null;
        }
    }

    private BinaryKey Key(CudaSource source) => BinaryKey.Of(
        source.Name, source.Text, source.AllOptions(_context.Compiler), CudaErrors.Product(source.Group), _context.Device.Identity);
}
