using System.CommandLine;
using GpuCnn.Bench.Compare;
using GpuCnn.Bench.Devices;
using GpuCnn.Bench.Operators;
using GpuCnn.Bench.Scaling;

var root = new RootCommand("Measures GpuCnn: its operators alone, or side by side with PyTorch on the CPU or on a GPU; predicts many GPUs.")
{
    OperatorsCommand.Create(), CompareCommand.Create(), DeviceCommand.Create(), KernelsCommand.Create(), ScalingCommand.Create(),
};
ParseResult arguments = root.Parse(args);
int exitCode = arguments.Invoke();
return arguments.Errors.Count > 0 ? 2 : exitCode;
