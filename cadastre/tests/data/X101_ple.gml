<?xml version='1.0' encoding="UTF-8" ?>
<wfs:FeatureCollection xmlns:CP="http://mapserver.gis.umn.edu/mapserver" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:wfs="http://www.opengis.net/wfs/2.0">
  <wfs:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::6706"><gml:lowerCorner>38.10 15.64</gml:lowerCorner><gml:upperCorner>38.12 15.66</gml:upperCorner></gml:Envelope></wfs:boundedBy>
  <wfs:member>
    <CP:CadastralParcel gml:id="CadastralParcel.IT.AGE.PLA.X101_001200.1">
      <CP:msGeometry><gml:Polygon gml:id="a" srsName="urn:ogc:def:crs:EPSG::6706"><gml:exterior><gml:LinearRing><gml:posList srsDimension="2">38.10000000 15.64000000 38.10000000 15.65000000 38.11000000 15.65000000 38.11000000 15.64000000 38.10000000 15.64000000</gml:posList></gml:LinearRing></gml:exterior><gml:interior><gml:LinearRing><gml:posList srsDimension="2">38.10200000 15.64200000 38.10400000 15.64200000 38.10400000 15.64400000 38.10200000 15.64200000</gml:posList></gml:LinearRing></gml:interior></gml:Polygon></CP:msGeometry>
      <CP:INSPIREID_LOCALID>IT.AGE.PLA.X101_001200.1</CP:INSPIREID_LOCALID>
      <CP:INSPIREID_NAMESPACE>IT.AGE.PLA.</CP:INSPIREID_NAMESPACE>
      <CP:LABEL>1</CP:LABEL>
      <CP:NATIONALCADASTRALREFERENCE>X101_001200.1</CP:NATIONALCADASTRALREFERENCE>
      <CP:ADMINISTRATIVEUNIT>X101</CP:ADMINISTRATIVEUNIT>
    </CP:CadastralParcel>
  </wfs:member>
  <wfs:member>
    <CP:CadastralParcel gml:id="CadastralParcel.IT.AGE.PLA.X101_001200.STRADA001">
      <CP:msGeometry><gml:MultiSurface gml:id="b" srsName="urn:ogc:def:crs:EPSG::6706"><gml:surfaceMember><gml:Polygon gml:id="c"><gml:exterior><gml:LinearRing><gml:posList>38.11 15.65 38.11 15.66 38.12 15.66 38.11 15.65</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember><gml:surfaceMember><gml:Polygon gml:id="d"><gml:exterior><gml:LinearRing><gml:posList>38.10 15.65 38.10 15.66 38.11 15.66 38.10 15.65</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></CP:msGeometry>
      <CP:INSPIREID_LOCALID>IT.AGE.PLA.X101_001200.STRADA001</CP:INSPIREID_LOCALID>
      <CP:LABEL>STRADA001</CP:LABEL>
      <CP:NATIONALCADASTRALREFERENCE>X101_001200.STRADA001</CP:NATIONALCADASTRALREFERENCE>
      <CP:ADMINISTRATIVEUNIT>X101</CP:ADMINISTRATIVEUNIT>
    </CP:CadastralParcel>
  </wfs:member>
</wfs:FeatureCollection>
