using GpuCnn;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;

using var ranks = Communicator.Join();
var photos = ImageData.Open("photos").Split(validation: 0.2);
using var device = Device.Open("auto", new() { Share = HostShare.Of(ranks) });
using var model = Model.Create("smallcnn", photos.Classes, device);
model.Fit(photos, new() { Epochs = 2, Batch = 8, Ranks = ranks, Folder = "runs/ranks" });
if (ranks.IsFirst) Console.WriteLine($"{ranks.Description}: {model.Evaluate(photos).Images} images evaluated");
