using BenchmarkDotNet.Attributes;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine.Devices.Cpu;

namespace GpuCnn.Bench.Operators;

/// <summary>Times the operators on the CPU device with all its threads. Each is checked before it is timed.</summary>
public class OperatorBenchmarks
{
    private CpuDevice? _device;
    private Subject? _subject;

    public static IEnumerable<Workload> Workloads => Catalog.Operators;

    [ParamsSource(nameof(Workloads))]
    public Workload Operator { get; set; } = Catalog.Operators[0];

    [GlobalSetup]
    public void Open()
    {
        _device = new CpuDevice();
        _subject = Operator.Open(_device);
        Verification.Check(Operator, _subject);
    }

    [Benchmark]
    public void Run() => _subject!.Run();

    [GlobalCleanup]
    public void Close()
    {
        _subject?.Dispose();
        _device?.Dispose();
    }
}
